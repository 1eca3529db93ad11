"""A database that cannot be opened is a typed error in time, and a password is never shown."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import traceback
from urllib.parse import quote

import pytest

from ommi import ConfigurationError, ConnectionFailed, ConnectionLost, Ommi
from profiles import examples
from services.proxy import End, before
from services.stores import ServerPlace, on_server

pytestmark = pytest.mark.anyio

PASSWORD = "p@:/#%?%41 \u00fc\u20ac"
MARGIN = 5.0


@pytest.fixture(params=["PostgreSQL", "MariaDB"])
def server(request: pytest.FixtureRequest) -> ServerPlace:
    return on_server(request.param)


async def refused(db: Ommi, *, within: float = MARGIN) -> ConnectionFailed:
    async with asyncio.timeout(within):
        with pytest.raises(ConnectionFailed) as caught:
            await db.open()
    assert not db.is_open
    assert caught.value.__cause__ is not None
    return caught.value


def shows(*things: object) -> list[str]:
    """Give what of the password is shown, in whichever form."""
    forms = [PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), ascii(PASSWORD)[1:-1]]
    forms.append(repr(PASSWORD.encode())[2:-1])
    texts = [text for thing in things for text in (str(thing), repr(thing))]
    return [text for text in texts for form in forms if form in text]


def everything(error: BaseException) -> list[object]:
    """Give an error, all that led to it, and its traceback."""
    chain: list[object] = ["".join(traceback.format_exception(error))]
    known: BaseException | None = error
    while known is not None:
        chain += [known, vars(known)]
        known = known.__cause__ or known.__context__
    return chain


async def test_a_wrong_password_is_refused_and_never_shown(
    server: ServerPlace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server.guarded("another") as user:
        db = server.database(user=user, password=PASSWORD)

        error = await refused(db)

    assert type(error) is ConnectionFailed
    assert user in str(error)
    assert not shows(db, db.driver, vars(db.driver), caplog.text, *everything(error))


@pytest.mark.parametrize("write", [quote, str], ids=["encoded", "as it is"])
async def test_a_password_may_hold_any_letters_and_is_never_shown(
    server: ServerPlace, caplog: pytest.LogCaptureFixture, write: object
) -> None:
    caplog.set_level(logging.DEBUG)
    # As it is, %41 would be an A.
    password = PASSWORD if write is quote else PASSWORD.replace("%41", "")
    async with server.guarded(password) as user:
        url = server.url(user=user, password="PASSWORD")
        written = quote(password, safe="") if write is quote else password
        db = Ommi(url.replace("PASSWORD", written))
        async with db:
            pool = db._executor.connection.pool
            with pytest.raises(ConnectionLost) as caught:
                lease = await pool.acquire()
                lease.connection.abort()
                await lease.connection.ping()
            shown = [db, db.driver, pool, pool.stats, lease, vars(lease.connection)]
            assert not shows(*shown, caplog.text, *everything(caught.value))
            pool.give_back(lease)


async def test_an_unknown_database_is_named(server: ServerPlace) -> None:
    error = await refused(server.database(database="nowhere"))

    assert type(error) is ConnectionFailed
    assert "nowhere" in str(error)


async def test_a_port_where_nobody_listens_is_named(server: ServerPlace) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        error = await refused(server.database(port=port))

    assert type(error) is ConnectionFailed
    assert f"127.0.0.1:{port}/test" in str(error)


async def test_a_handshake_that_stalls_ends_in_time(server: ServerPlace) -> None:
    async with before(server.port) as proxy:
        proxy.be_silent()

        error = await refused(server.database(port=proxy.port, connect_timeout=0.2))

    assert type(error) is ConnectionFailed
    assert "no answer within 0.2 s" in str(error)


@pytest.mark.parametrize("end", End)
async def test_a_handshake_cut_at_any_byte_is_no_connection(server: ServerPlace, end: End) -> None:
    async with before(server.port) as proxy:
        async with server.database(port=proxy.port):
            length = proxy.told
        for cut in range(0, length, examples(10, 1)):
            proxy.cut_after(cut, end)

            error = await refused(server.database(port=proxy.port))

            assert "cannot connect to" in str(error)


@pytest.mark.parametrize(
    ("scheme", "library", "extra"),
    [
        ("postgresql", "asyncpg", "postgresql"),
        ("mysql", "asyncmy", "mysql"),
        ("mariadb", "asyncmy", "mysql"),
    ],
)
def test_a_missing_client_library_is_named_with_what_installs_it(
    scheme: str, library: str, extra: str
) -> None:
    program = f"""
import sys
sys.modules["{library}"] = None
from ommi import ConfigurationError, Ommi
try:
    Ommi("{scheme}://me:hidden@db/app")
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert f"pip install ommi[{extra}]" in done.stdout
    assert library in done.stdout
    assert "hidden" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:{}@db:port/app",
        "postgresql://me:{}@db",
        "postgresql://:{}@db/app",
        "postgresql://me:{}@db/app?nonsense=1",
        "mysql://me:{}@db/app?ssl=perhaps",
        "mysql://me:{}@db/app?max_connections=none",
        "nonsense://me:{}@db/app",
        "sqlite://me:{}@db/app",
    ],
)
def test_a_url_that_means_nothing_is_refused_and_never_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Ommi(url.format(quote(PASSWORD)))

    assert not shows(*everything(caught.value))
