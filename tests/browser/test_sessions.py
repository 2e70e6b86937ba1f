"""A person's session as a browser keeps it: what pages of ours do with it, and others cannot.

Chromium takes `Secure` and `__Host-` cookies over plain http from 127.0.0.1, so the gateway stands
there under its own address. Ports are no part of a site: a page from another port is of another
origin and of the same site, so `SameSite=Strict` gives it the cookie, and it can even read the CSRF
token. What stops it is where the browser says that it comes from.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from runtime.local import LocalRuntime
from tests.browser.chromium import Browser
from tests.browser.conftest import REFUSED
from tests.consumer import Consumer, unique
from tests.people import Person
from tests.plan import LABS
from tests.worker.conftest import Caller

Calls = Callable[[str], int]
TOKEN = "document.cookie.match(/__Host-csrf=([\\w-]+)/)[1]"
WITH_TOKEN = f"headers: {{'x-csrf-token': {TOKEN}}}"


@pytest.fixture
def own(runtime: LocalRuntime) -> str:
    return runtime.url(LABS[0]).rstrip("/")


@pytest.fixture
def person(
    runtime: LocalRuntime, chromium: Browser, anonymous: Consumer, own: str
) -> Iterator[Person]:
    """Somebody who is logged in, in the page that is open. `/login` wants the origin of production,
    so the browser gets its Set-Cookie fields from elsewhere, as they are."""
    one = Person(Caller(runtime), anonymous)
    cookies = one.log_in().headers.get_list("set-cookie")
    fields = "&".join(f"header={quote(f'Set-Cookie: {cookie}')}" for cookie in cookies)
    chromium.bypass_csp(True)  # the gateway's, which lets no page fetch anything
    chromium.open(f"{own}/echo/page?{fields}")
    yield one
    chromium.bypass_csp(False)


def post(chromium: Browser, url: str, options: str) -> object:
    """The status of a POST by the page that is open; 0 where the browser does not tell it."""
    return chromium.evaluate(
        f"fetch('{url}', {{method: 'POST', credentials: 'include', {options}}})"
        ".then(answer => answer.status, failure => 0)"
    )


def submit(chromium: Browser, url: str) -> object:
    """Send a form, as pages can without asking anybody, and wait for what comes of it."""
    return chromium.evaluate(
        "new Promise(done => {"
        " const frame = document.createElement('iframe'); frame.name = 'target';"
        " const form = document.createElement('form');"
        f" form.method = 'POST'; form.action = '{url}'; form.target = 'target';"
        " document.body.append(frame, form);"
        " frame.onload = () => done(true); form.submit(); })"
    )


def test_a_page_of_ours_reads_and_writes(
    chromium: Browser, calls: Calls, own: str, person: Person
) -> None:
    path = f"/signed-in/{unique('page')}"
    shown = chromium.evaluate("document.cookie")
    assert shown == f"__Host-csrf={person.csrf_token}"
    assert chromium.evaluate(f"fetch('{path}').then(answer => answer.status)") == 200
    assert calls(path) == 1
    assert post(chromium, path, "") == 403
    assert calls(path) == 1
    assert post(chromium, path, WITH_TOKEN) == 200
    assert calls(path) == 2


def test_a_page_of_another_origin_changes_nothing(
    chromium: Browser, calls: Calls, site: str, own: str, person: Person
) -> None:
    url = f"{own}/signed-in/{unique('page')}"
    path = url.removeprefix(own)
    for origin in (f"http://{site}", REFUSED):
        chromium.open(f"{origin}/")
        same_site = origin != REFUSED
        assert chromium.evaluate("document.cookie") == (
            f"__Host-csrf={person.csrf_token}" if same_site else ""
        )
        post(chromium, url, "mode: 'no-cors'")
        post(chromium, url, "mode: 'no-cors', body: new URLSearchParams({a: 1})")
        assert post(chromium, url, f"headers: {{'x-csrf-token': '{person.csrf_token}'}}") == 0
        assert submit(chromium, url)
        assert calls(path) == 0
    # It was not for want of a session.
    chromium.open(f"{own}/echo/page")
    assert post(chromium, url, WITH_TOKEN) == 200
    assert calls(path) == 1
