"""Components of assets/at_once.js: controls that answer before the server does."""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import (
    EventHandler,
    no_args_event_spec,
    passthrough_event_spec,
    run_script,
)
from reflex.vars import FunctionVar, VarData

_LIBRARY = "$/public/at_once.js"


class _Press(rx.Component):
    library = _LIBRARY
    tag = "Press"
    type: rx.Var[str]
    disabled: rx.Var[bool]
    on_press: EventHandler[no_args_event_spec]


class _Tick(rx.Component):
    library = _LIBRARY
    tag = "Tick"
    checked: rx.Var[bool]
    disabled: rx.Var[bool]
    on_tick: EventHandler[no_args_event_spec]


class _Choice(rx.Component):
    library = _LIBRARY
    tag = "Choice"
    value: rx.Var[str]
    on_choose: EventHandler[passthrough_event_spec(str)]


class _OneOf(rx.Component):
    library = _LIBRARY
    group: rx.Var[str]
    own: rx.Var[Any]
    chosen: rx.Var[Any]
    on_choose: EventHandler[no_args_event_spec]


class _Segment(_OneOf):
    tag = "Segment"


class _Radio(_OneOf):
    tag = "Radio"
    value: rx.Var[str]


class _Shown(rx.Component):
    library = _LIBRARY
    tag = "Shown"
    name: rx.Var[str]
    value: rx.Var[str]
    kinds: rx.Var[list[str]]


def press(*children: Any, on_press: Any = None, **props: Any) -> rx.Component:
    """A button that is busy until the server has done what `on_press` orders, or the form that it
    hands in."""
    events = {} if on_press is None else {"on_press": on_press}
    return _Press.create(*children, **events, **props)


def tick(checked: rx.Var, on_tick: Any, **props: Any) -> rx.Component:
    """A check box; `on_tick` hears nothing, and turns what it stands for around."""
    return _Tick.create(checked=checked, on_tick=on_tick, **props)


def choice(value: rx.Var, on_choose: Any, *options: Any, label: Any) -> rx.Component:
    """A list to choose from; `on_choose` hears the value."""
    return _Choice.create(
        *options,
        value=value,
        on_choose=on_choose,
        custom_attrs={"aria-label": label},
        class_name="select",
    )


def segment(*children: Any, own: Any, chosen: rx.Var, on_choose: Any, **props: Any) -> rx.Component:
    """A button that is pressed when `own` is what is `chosen`, and then none of its group is."""
    return _Segment.create(
        *children, group=str(chosen), own=own, chosen=chosen, on_choose=on_choose, **props
    )


def radio(own: Any, chosen: rx.Var, on_choose: Any, value: str) -> rx.Component:
    """A round button that is on when `own` is what is `chosen`, and then none of its group is."""
    return _Radio.create(
        group=str(chosen), own=own, chosen=chosen, on_choose=on_choose, value=value
    )


def shown(name: str, value: rx.Var, kinds: Mapping[str, rx.Component]) -> rx.Component:
    """The one of `kinds` that belongs to the value; `wish` changes it at once."""
    return _Shown.create(*kinds.values(), name=name, value=value, kinds=list(kinds))


def wish(name: str, value: str) -> Any:
    """The event that has everything `shown` under the name show `value` before the server does."""
    data = VarData(imports={_LIBRARY: [rx.ImportVar(tag="wish")]})
    return run_script(rx.Var("wish", _var_data=data).to(FunctionVar).call(name, value))
