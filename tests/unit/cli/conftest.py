from command.project import project

__all__ = ["project"]
