"""Variables name the trusted authorities, and what is wrong with a certificate is explained."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from parallel_agents.errors import ConfigError
from parallel_agents.models.certificates import explain, make_context


def bundle(path: Path) -> str:
    trustme.CA().cert_pem.write_to_path(path)
    return str(path)


def trusted(variables: dict[str, str]) -> int:
    context = make_context(variables)
    assert context is not None
    return len(context.get_ca_certs())


def test_without_a_variable_the_system_decides() -> None:
    assert make_context({"SSL_CERT_FILE": " "}) is None


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_each_variable_names_a_bundle(tmp_path: Path, variable: str) -> None:
    assert trusted({variable: bundle(tmp_path / "ca.pem")}) == 1


def test_bundles_of_several_variables_add_up(tmp_path: Path) -> None:
    first, second = bundle(tmp_path / "a.pem"), bundle(tmp_path / "b.pem")

    assert trusted({"SSL_CERT_FILE": first, "REQUESTS_CA_BUNDLE": second}) == 2


def test_a_context_verifies_certificates_and_host_names(tmp_path: Path) -> None:
    context = make_context({"SSL_CERT_FILE": bundle(tmp_path / "ca.pem")})

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_folder_is_taken_where_one_is_usual(tmp_path: Path) -> None:
    folders = f"{tmp_path / 'missing'}:{tmp_path}"

    assert make_context({"SSL_CERT_DIR": folders}) is not None
    assert make_context({"REQUESTS_CA_BUNDLE": str(tmp_path)}) is not None


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
)
def test_a_missing_bundle_is_an_error_that_names_its_variable(
    tmp_path: Path, variable: str
) -> None:
    with pytest.raises(ConfigError, match=variable) as caught:
        make_context({variable: str(tmp_path / "missing.pem")})

    assert variable in caught.value.hint
    assert "missing.pem" in caught.value.message


def test_a_file_without_a_certificate_is_an_error_that_names_its_variable(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")

    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        make_context({"SSL_CERT_FILE": str(broken)})


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        (10, "has expired", "clock"),
        (9, "is not valid yet", "clock"),
        (62, "other names", "base_url"),
        (64, "other names", "base_url"),
        (18, "authority that is trusted", "SSL_CERT_FILE="),
        (85, "RFC 5280", "SSL_CERT_FILE="),
        (89, "RFC 5280", "SSL_CERT_FILE="),
        (19, "authority", "SSL_CERT_FILE="),
        (20, "authority", "SSL_CERT_FILE="),
    ],
)
def test_each_fault_of_a_certificate_has_its_own_cure(code: int, what: str, hint: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code

    told = explain(error, "api.acme.test")

    assert "api.acme.test" in told[0]
    assert what in told[0]
    assert hint in told[1]
