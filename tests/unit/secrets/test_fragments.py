"""No text shows a fragment of a secret, in whatever form and wherever it was cut."""

from __future__ import annotations

import html
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from parallel_agents.secrets.fragments import Fragments

KEY = "acme/Very+Secret&0123456789=abcdefghij"
HIDDEN = "***"


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        html.escape(KEY),
        json.dumps(KEY)[1:-1],
        KEY.replace("/", "\\/"),
        KEY[: len(KEY) // 2],
        KEY[len(KEY) // 2 :],
        KEY[5:25],
    ],
)
def test_a_secret_is_hidden_in_every_form_and_part(shown: str) -> None:
    told = Fragments([KEY]).hide(f"Wrong key {shown}, sorry")

    assert told == "Wrong key ***, sorry"


@pytest.mark.parametrize("length", range(4, len(KEY)))
def test_a_secret_that_the_end_of_a_text_cuts_is_hidden(length: int) -> None:
    assert Fragments([KEY]).hide(f"Wrong key {KEY[:length]}") == "Wrong key ***"


@given(before=st.text(max_size=40), after=st.text(max_size=40), capital=st.booleans())
def test_a_third_of_a_secret_is_never_shown(before: str, after: str, *, capital: bool) -> None:
    shown = KEY.upper() if capital else KEY

    told = Fragments([KEY]).hide(f"{before}{shown}{after}").lower()

    third = len(KEY) // 3
    parts = {KEY[at : at + third].lower() for at in range(len(KEY) - third + 1)}
    assert not any(part in told for part in parts)


def test_several_secrets_and_several_places_are_hidden() -> None:
    text = "first-secret-1 second-secret-2 first-secret-1"

    assert Fragments(["first-secret-1", "second-secret-2"]).hide(text) == "*** *** ***"


def test_a_text_without_a_secret_stays_as_it_is() -> None:
    assert (
        Fragments([KEY, "", "abc"]).hide("abc: acme has no capacity") == "abc: acme has no capacity"
    )


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-abcdefghijklmnopqrst", "AIza" + "a1B2" * 9, "AKIAABCDEFGHIJKLMNOP"]
)
def test_keys_of_a_known_form_are_hidden_without_being_known(key: str) -> None:
    assert Fragments(()).hide(f"Incorrect API key provided: {key}.").endswith(": ***.")


def test_a_user_in_a_url_is_hidden() -> None:
    assert Fragments(()).hide("https://ana:pw@index.example/x") == "https://***@index.example/x"


def test_bytes_and_values_are_hidden_like_texts() -> None:
    secrets = Fragments([KEY])

    assert secrets.hide_bytes(b"\xff" + KEY.encode()) == b"\xff***"
    assert secrets.hide_value({KEY: [KEY, 1, None, {"a": KEY}]}) == {
        HIDDEN: [HIDDEN, 1, None, {"a": HIDDEN}]
    }


@pytest.mark.slow
def test_a_large_text_full_of_parts_takes_a_moment() -> None:
    text = (KEY[:20] + " ") * 50_000
    began = time.process_time()

    assert Fragments([KEY]).hide(text) == "*** " * 50_000
    assert time.process_time() - began < 5


# Forms of keys as providers document them or print them in examples; none of them was ever valid.
KEYS = (
    "sk-abc123DEF456ghi789JKL012mno345PQR678stu901VWX234yz",
    "sk-proj-4f9_Kd83jfLs0aQz71mTyX-b2Nc5vR8wE6uI3oP1kJhG",
    "sk-svcacct-9aKd83jfLs0aQz71mTyXb2Nc5vR8wE6uI3oP1kJhG",
    "sk-admin-9aKd83jfLs0aQz71mTyXb2Nc5vR8wE6uI3oP1kJhG",
    "sk-ant-api03-R2D2c3po_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-AbCdEfAA",
    "sk-ant-admin01-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AA",
    "sk-ant-oat01-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AA",
    "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "sk-0123456789abcdef0123456789abcdef",
    "sk-lf-1234abcd-12ab-34cd-56ef-1234567890ab",
    "pk-lf-1234abcd-12ab-34cd-56ef-1234567890ab",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "pk_live_TYooMQauvdEDq54NiTphI7jx",
    "pk_test_TYooMQauvdEDq54NiTphI7jx",
    "rk_live_51H8aXcKd83jfLs0aQz71mTy",
    "rk_test_51H8aXcKd83jfLs0aQz71mTy",
    "xai-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCd",
    "gsk_AbCdEfGhIjKlMnOpQrStWGdyb3FYAbCdEfGhIjKlMnOpQrSt",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0aBcDeFgHiJkL_0123456789AbCdEfGhIjKlMnOpQrStUvWxYz",
    "glpat-AbC1dEf2GhI3jKl4MnO5",
    "glpat-aB_1dEf2GhI3jKl4-nO5",
    "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",
    "nvapi-a-C1dEf2GhI3jKl4_nO5pQr6StU7vWx8YzA9bCd0",
    "r8_AbC1dEf2GhI3jKl4MnO5pQr6StU7vWx8YzA9b",
    "pplx-0123456789abcdef0123456789abcdef0123456789abcdef",
    "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",
    "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "AKIAIOSFODNN7EXAMPLE",
    "AKIA0123456789ABCDEF",
    "sk-None-4f9Kd83jfLs0aQz71mTyT3BlbkFJb2Nc5vR8wE6uI3oP1kJhG",
    "sk-1234567890abcdefghijklmnopqrstuv",
    "sk-cp-AbC1dEf2GhI3jKl4MnO5pQr6StU7vWx8",
    "sk-kimi-AbC1dEf2GhI3jKl4MnO5pQr6StU7vWx8",
    "hf_abcdefgh12345678abcdefgh12345678ab",
    "gsk_0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdef",
)
_BEGINNINGS = ("sk_", "pk_", "rk_", "xai_", "gsk_", "hf_", "r8_", "sk-", "hf-", "pplx_")
_ENDS = (
    *("hub_download_failed", "transfer_is_not_installed_here", "constraint_violation_error"),
    *("buff_head_init_class", "learn_model_selection", "index_of_last_entry_2"),
    *("file_system_not_ready", "retry_after_seconds_3", "primary_key_column_name"),
    *("token_is_missing_here", "model_not_found_error", "endpoint_v2_unavailable"),
    *("cache_directory_missing", "internal_server_error", "HUB_ENABLE_HF_TRANSFER"),
    *("request-id-was-not-found", "rate-limit-was-exceeded", "could-not-be-imported"),
    *("a_b_c_d_e_f_g_h_i_j_k", "api_version_2_is_unknown"),
)
NAMES = tuple(f"{begin}{end}" for begin in _BEGINNINGS for end in _ENDS)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_well_known_form_is_hidden(key: str) -> None:
    assert Fragments([]).hide(f"Wrong key {key} here") == "Wrong key *** here"


def test_there_are_enough_forms_and_names() -> None:
    assert (len(KEYS), len(NAMES)) == (40, 200)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_begins_like_a_key_stays(name: str) -> None:
    assert Fragments([]).hide(f"no {name} here") == f"no {name} here"
