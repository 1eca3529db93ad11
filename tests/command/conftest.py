from command.project import project
from command.stores import url

__all__ = ["project", "url"]
