"""What there is to know of an installation and its store; a password is never among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import platform, python_implementation, python_version

from ommi.cli.command import Context
from ommi.cli.exits import Exit
from ommi.cli.live import refuse_missing_file
from ommi.drivers.addresses import parsed
from ommi.drivers.protocol import Connection, Driver
from ommi.drivers.registry import driver_for
from ommi.errors import OmmiError
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Rows
from ommi.sql.dialect import SqlCommand

Facts = Mapping[str, str]

_LIBRARIES = ("asyncpg", "asyncmy", "pymongo", "redis", "attrs", "msgspec", "pydantic", "rich")

_SQLITE = {
    "version": "SELECT sqlite_version()",
    "journal_mode": "SELECT journal_mode FROM pragma_journal_mode",
    "foreign_keys": "SELECT foreign_keys FROM pragma_foreign_keys",
    "page_size": "SELECT page_size FROM pragma_page_size",
}
_POSTGRESQL = {
    "version": "SELECT version()",
    **{
        name: f"SELECT current_setting('{name}')"
        for name in (
            "TimeZone",
            "server_encoding",
            "max_connections",
            "default_transaction_isolation",
            "lock_timeout",
            "statement_timeout",
            "idle_in_transaction_session_timeout",
        )
    },
}
_MYSQL = {
    "version": "SELECT version()",
    **{
        name: f"SELECT @@{name}"
        for name in (
            "sql_mode",
            "time_zone",
            "character_set_server",
            "collation_database",
            "max_connections",
            "innodb_lock_wait_timeout",
            "lock_wait_timeout",
        )
    },
}
_QUESTIONS: Mapping[str, Facts] = {
    "SQLite": _SQLITE,
    "PostgreSQL": _POSTGRESQL,
    "MariaDB": _MYSQL,
    "MySQL": _MYSQL,
}

_NO_LOCK_TIMEOUT = (
    "lock_timeout is 0: while a migration waits for a lock, every later query of that table waits "
    "behind it; ALTER ROLE ... SET lock_timeout = '5s'"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in sections, and what should be changed."""

    sections: tuple[tuple[str, Facts], ...]
    advice: tuple[str, ...]
    exits: Exit = Exit.DONE


async def examined(context: Context) -> Report:
    """Look at everything; what cannot be had is told as advice and raises nothing."""
    advice: list[str] = []
    exits = Exit.DONE
    sections: list[tuple[str, Facts]] = [
        ("installed", _installed()),
        ("configuration", _configured(context, advice)),
    ]
    if context.settings.url is not None:
        try:
            refuse_missing_file(context.settings.url)
            sections.extend(await _store(context.settings.url, advice))
        except OmmiError as error:
            advice.append(f"the store cannot be reached: {error}")
            exits = Exit.STORE
    if advice and exits is Exit.DONE:
        exits = Exit.FOUND
    return Report(tuple(sections), tuple(advice), exits)


def _installed() -> Facts:
    facts = {
        "Ommi": _version("ommi") or "?",
        "Python": f"{python_version()} ({python_implementation()})",
        "platform": platform(),
    }
    return {**facts, **{name: _version(name) or "not installed" for name in _LIBRARIES}}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _configured(context: Context, advice: list[str]) -> Facts:
    settings = context.settings
    facts = {"folder": str(settings.folder), "migrations": str(settings.migrations)}
    facts.update({f"{name} from": origin for name, origin in settings.origins.items()})
    if settings.url is None:
        advice.append("no database is configured: `ommi init`, --url or OMMI_URL")
    else:
        facts["database"] = shown(settings.url)
    if not settings.models:
        advice.append("no models are configured: `ommi init`, --models or OMMI_MODELS")
        return facts
    facts["models"] = ", ".join(settings.models)
    try:
        facts["tables"] = ", ".join(table.name for table in context.models.tables)
    except OmmiError as error:
        advice.append(f"the models cannot be used: {error}")
    return facts


def shown(url: str) -> str:
    """Give what may be shown of a URL: neither its password nor its options."""
    try:
        address = parsed(url, {})
    except OmmiError:
        return "a URL that cannot be read"
    user = f"{address.user}@" if address.user else ""
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{user}{address.host or ''}{port}{address.place}"


async def _store(url: str, advice: list[str]) -> Sequence[tuple[str, Facts]]:
    driver, pool = driver_for(url, {})
    connection = await driver.connect()
    try:
        facts = {"store": driver.name, **await _settings(driver, connection)}
    finally:
        await connection.close()
    facts.update({name: str(value) for name, value in pool.items()})
    advice.extend(_advice(driver, facts))
    can = {each.value: "yes" if each in driver.capabilities else "no" for each in Capability}
    return (("store", facts), ("capabilities", can))


async def _settings(driver: Driver, connection: Connection) -> Facts:
    if Capability.TEXT_STATEMENTS not in driver.capabilities:
        return {}
    facts = {}
    for name, text in _QUESTIONS.get(driver.name, {}).items():
        command = SqlCommand(text, "doctor", "", {})
        facts[name] = str(await connection.fetch(command, (), _only_value))
    return facts


def _only_value(rows: Rows) -> object:
    [[value]] = rows
    return value


def _advice(driver: Driver, facts: Facts) -> Sequence[str]:
    if driver.name == "PostgreSQL" and facts.get("lock_timeout") == "0":
        return (_NO_LOCK_TIMEOUT,)
    if "STRICT_" not in facts.get("sql_mode", "STRICT_"):
        return ("sql_mode is not strict in new sessions: other programs may store cut values",)
    return ()
