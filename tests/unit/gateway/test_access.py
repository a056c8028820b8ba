"""Tokens of clients, and how many photos each may send."""

from pathlib import Path

import pytest

from gateway.entry.access import TOKENS_VARIABLE, Rates, Tokens, read_tokens
from gateway.settings import LimitSettings
from schemas.errors import ConfigError
from system.web.refusals import RefusedError

SECRET = "s3cret-of-the-first-client"


def test_a_token_tells_the_clients_name(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# clients\n\nshop {SECRET}\nlab\t{'b' * 16}\n")
    tokens = read_tokens(file)
    assert tokens.client(f"Bearer {SECRET}", "10.0.0.1") == "shop"
    assert tokens.client(f"bearer  {'b' * 16}", "10.0.0.1") == "lab"
    for wrong in (None, "", SECRET, f"Basic {SECRET}", "Bearer ", f"Bearer {SECRET}x", "Bearer ä"):
        with pytest.raises(RefusedError) as refusal:
            tokens.client(wrong, "10.0.0.1")
        assert refusal.value.status == 401


def test_tokens_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKENS_VARIABLE, raising=False)
    assert not read_tokens(None)
    monkeypatch.setenv(TOKENS_VARIABLE, f"shop {SECRET}")
    assert read_tokens(None).client(f"Bearer {SECRET}", "") == "shop"


@pytest.mark.parametrize("text", ["", "# none", SECRET, f"shop {'b' * 15}", f"a b {SECRET}", "é é"])
def test_a_file_of_another_form_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        read_tokens(file)
    assert SECRET not in str(refused.value)


def test_without_tokens_a_client_is_its_address() -> None:
    assert Tokens({}).client(None, "10.0.0.1") == "10.0.0.1"


def test_a_bucket_fills_with_time_up_to_the_burst() -> None:
    now = 0.0
    rates = Rates(LimitSettings(photos_per_second=2, burst=4, photos=4), lambda: now)
    rates.take("a", 4)
    with pytest.raises(RefusedError) as refusal:
        rates.take("a", 3)
    # Three photos at two a second.
    assert (refusal.value.status, refusal.value.retry_seconds) == (429, 2)
    rates.take("b", 4)
    now = 1.5
    rates.take("a", 3)
    now = 1000.0
    rates.take("a", 4)
    with pytest.raises(RefusedError):
        rates.take("a", 1)


def test_no_limit_is_no_limit() -> None:
    rates = Rates(LimitSettings(photos_per_second=0), lambda: 0.0)
    for _ in range(1000):
        rates.take("a", 64)


def test_clients_that_invent_addresses_do_not_fill_the_memory() -> None:
    rates = Rates(LimitSettings(), lambda: 0.0)
    for number in range(10_500):
        rates.take(str(number), 1)
    assert len(rates._left) == 10_000
