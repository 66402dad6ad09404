"""What a page's handler does when its service fails."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx
import structlog
from structlog.testing import capture_logs

from sender_app.domain.errors import NotPermitted, RuleViolation
from sender_app.states.access import ANSWERED, handler, opening


def a_state() -> Any:
    headers = SimpleNamespace(cookie="lang=en", raw_headers={})
    return SimpleNamespace(router=SimpleNamespace(headers=headers))


class Page:
    """A state with two handlers."""

    @staticmethod
    @handler
    async def break_down(_state: Any) -> None:
        await asyncio.to_thread(structlog.get_logger().info, "in a thread")
        raise ZeroDivisionError

    @staticmethod
    @handler
    async def refuse(_state: Any) -> None:
        raise RuleViolation("not_permitted")

    @staticmethod
    @opening
    async def open_for_others(_state: Any) -> None:
        raise NotPermitted

    @staticmethod
    @opening
    async def open_broken(_state: Any) -> None:
        raise ZeroDivisionError

    @staticmethod
    @handler
    async def lead_on(_state: Any) -> Any:
        return rx.redirect("/elsewhere")

    @staticmethod
    @handler
    async def do_nothing(_state: Any) -> None:
        """All went well, and there is nothing to say."""


def logged(handle: Any) -> tuple[Any, list[Any]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        return asyncio.run(handle(a_state())), lines


def test_a_fault_is_logged_under_an_id_with_what_led_to_it_and_the_person_is_told():
    told, (before, fault) = logged(Page.break_down)
    assert fault["event"] == "handler failed"
    assert fault["handler"] == "Page.break_down"
    assert fault["request_id"] == before["request_id"]
    assert len(fault["request_id"]) == 32
    assert len(told) == 3


def test_what_a_person_can_mend_is_no_fault():
    told, lines = logged(Page.refuse)
    assert (len(told), lines) == (3, [])


def test_whom_a_page_is_not_for_is_told_so_by_the_page_alone():
    assert logged(Page.open_for_others) == ([ANSWERED], [])
    told, [fault] = logged(Page.open_broken)
    assert (len(told), fault["handler"]) == (3, "Page.open_broken")


@pytest.mark.parametrize("handle", [Page.break_down, Page.refuse, Page.lead_on, Page.do_nothing])
def test_whatever_comes_of_an_order_its_button_is_freed(handle: Any):
    told, _ = logged(handle)
    assert told[-1] == ANSWERED
