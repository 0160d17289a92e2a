"""Tasks with models: what goes out, what the function gets, what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured, UnserializableArgument
from umbel.model import Message
from umbel_conformance.worker import BareTransport


class Keeping(BareTransport):
    """Keeps what is published."""

    contract_version = 1
    published: ClassVar[list[Message]] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.published.extend(messages)


class Order(BaseModel):
    item: str
    count: int = 1


class Receipt(BaseModel):
    total: int
    note: str | None = None


class Lossy(BaseModel):
    """What it is dumped as does not make it again."""

    word: str

    @field_validator("word")
    @classmethod
    def louder(cls, word: str) -> str:
        return word + "!"


class Curious(BaseModel):
    """Keeps the context in which it was made."""

    count: int
    context: ClassVar[dict[str, Any]] = {}

    @field_validator("count")
    @classmethod
    def look(cls, count: int, info: ValidationInfo) -> int:
        cls.context.update(info.context or {})
        return count


@pytest.fixture
def app() -> Iterator[Umbel]:
    app = Umbel("proj", set_as_current=False, broker="keeping://")
    app.catalogue.register("transport", "keeping", Keeping)
    yield app
    app.close()
    Keeping.published.clear()


@pytest.fixture
def ship(app: Umbel) -> Any:
    @app.task(pydantic=True)
    def ship(order: Order, gift: Order | None = None, *, pieces: int = 1) -> Receipt:
        assert type(order) is Order
        assert gift is None or type(gift) is Order
        return Receipt(total=order.count * pieces)

    return ship


def test_plain_data_becomes_models_and_the_model_that_is_returned_plain_data(ship: Any) -> None:
    assert ship.apply(({"item": "tea", "count": 2},), {"pieces": 3}).get() == {"total": 6, "note": None}
    assert ship.apply(({"item": "tea"}, {"item": "cup"})).get()["total"] == 1


def test_other_arguments_are_left_alone(app: Umbel) -> None:
    @app.task(pydantic=True)
    def look(order: Order, pieces: int, other: dict[str, Any] | Order) -> Any:
        return pieces, other

    assert look.apply(({"item": "tea"}, "2", {"item": "cup"})).get() == ("2", {"item": "cup"})


def test_data_that_does_not_fit_is_a_failure_of_the_task(ship: Any) -> None:
    with pytest.raises(ValidationError, match="count"):
        ship.apply(({"item": "tea", "count": "many"},)).get()


def test_a_call_as_a_function_does_the_same(ship: Any) -> None:
    assert ship({"item": "tea"}) == {"total": 1, "note": None}


def sent(app: Umbel) -> Any:
    return app.formats.decode(Keeping.published.pop())


def test_a_model_in_a_call_is_dumped(app: Umbel, ship: Any) -> None:
    ship.delay(Order(item="tea"), gift=Order(item="cup"))
    args, kwargs, _ = sent(app)
    assert (args, kwargs) == ([{"item": "tea", "count": 1}], {"gift": {"item": "cup", "count": 1}})
    ship.apply_many([(Order(item="a"),)])
    assert sent(app)[0] == [{"item": "a", "count": 1}]
    asyncio.run(ship.adelay(Order(item="b")))
    assert sent(app)[0] == [{"item": "b", "count": 1}]


def test_a_model_that_could_not_be_made_again_is_refused_at_the_call(app: Umbel) -> None:
    @app.task(pydantic=True)
    def shout(lossy: Lossy) -> None: ...

    with pytest.raises(UnserializableArgument, match="Lossy"):
        shout.delay(Lossy(word="oh"))


def test_arguments_are_still_checked_at_the_call(ship: Any) -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'order'"):
        ship.delay()


def test_strict_context_and_dump_are_handed_to_pydantic(app: Umbel) -> None:
    @app.task(
        bind=True, pydantic=True, pydantic_strict=True, pydantic_context={"a": 1},
        pydantic_dump_kwargs={"exclude_none": True},
    )  # fmt: skip
    def look(self: Any, curious: Curious) -> Receipt:
        return Receipt(total=curious.count + self.request.retries)

    assert look.apply(({"count": 1},)).get() == {"total": 1}
    assert Curious.context == {"a": 1, "celery_app": app, "celery_task_name": look.name}
    with pytest.raises(ValidationError):
        look.apply(({"count": "1"},)).get()


def test_coroutines_and_retries_have_models_too(app: Umbel) -> None:
    tries = []

    @app.task(pydantic=True, autoretry_for=(OSError,), retry_kwargs={"countdown": 0})
    async def ship(order: Order) -> Receipt:
        tries.append(order)
        if len(tries) == 1:
            raise OSError("not yet")
        return Receipt(total=order.count)

    assert ship.apply(({"item": "tea"},)).get() == {"total": 1, "note": None}
    assert tries == [Order(item="tea")] * 2


def test_eager_mode_takes_models(ship: Any, app: Umbel) -> None:
    app.conf.task_always_eager = True
    assert ship.delay(Order(item="tea")).get() == {"total": 1, "note": None}


def test_a_task_without_the_option_is_none_of_ours(app: Umbel) -> None:
    @app.task
    def plain(order: Any) -> Any:
        return order

    with pytest.raises(UnserializableArgument):
        plain.delay(Order(item="tea"))


def test_an_annotation_that_means_nothing_is_refused(app: Umbel) -> None:
    @app.task(pydantic=True)
    def work(order: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ImproperlyConfigured, match="'Nowhere' is not defined"):
        work.apply(({"item": "tea"},)).get()
