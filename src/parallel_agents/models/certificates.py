"""Certificates: which authorities are trusted, and what is wrong with a certificate that is not."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from parallel_agents.errors import ConfigError

# What OpenSSL and httpx read, what requests reads, and what curl reads.
_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FOLDERS = "SSL_CERT_DIR"
# What OpenSSL refuses only where it is strict: from a missing key identifier to one marked wrongly.
_STRICT = range(80, 94)


def named_authorities(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that name trusted authorities, with their values."""
    names = (*_FILES, _FOLDERS)
    return {name: value for name in names if (value := variables.get(name, "").strip())}


def make_context(variables: Mapping[str, str]) -> ssl.SSLContext | None:
    """A context that trusts every authority that a variable names, or None if no variable is set.

    Several variables add up, so that one set by a system does not hide the user's. Together they
    replace the authorities of the system, as in the programs that they were made for.

    Raises:
        ConfigError: a file or folder is missing or contains no certificate; names the variable.
    """
    named = named_authorities(variables)
    if not named:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificates and host names
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(("http/1.1",))
    variable_of = {value: variable for variable, value in reversed(named.items())}
    for value, variable in variable_of.items():
        _load(context, variable, value)
    return context


def _load(context: ssl.SSLContext, variable: str, value: str) -> None:
    paths = [Path(part).expanduser() for part in value.split(os.pathsep)]
    path = Path(value).expanduser()
    try:
        if variable == _FOLDERS:
            _load_folders(context, [folder for folder in paths if folder.is_dir()])
        elif path.is_dir() and variable != "SSL_CERT_FILE":
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # of the file system, or of OpenSSL
        what = error.strerror or str(error)
        raise ConfigError(
            f"{variable} names '{value}', from which no certificates can be read",
            why=what,
            hint=f"set {variable} to a file of PEM certificates, or unset it to trust those of the "
            "system",
        ) from error


def _load_folders(context: ssl.SSLContext, folders: list[Path]) -> None:
    if not folders:
        raise FileNotFoundError(2, "there is no such folder")
    for folder in folders:
        context.load_verify_locations(capath=folder)


def explain(error: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    """What is wrong with the certificate of `host`, and what to do about it.

    The codes are OpenSSL's `X509_V_ERR_`:
    https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
    """
    match error.verify_code:
        case 10:
            return (
                f"the certificate of {host} has expired",
                f"check this machine's clock; if it is right, {host} needs a new certificate",
            )
        case 9:
            return f"the certificate of {host} is not valid yet", "correct this machine's clock"
        case code if code in _STRICT:
            return (
                f"the certificate of {host}, or of the authority that signed it, breaks rules of "
                "RFC 5280 that Python checks since 3.13",
                "export SSL_CERT_FILE=/path/to/authority.pem with the certificate of the authority: "
                "those named there may break these rules; or have a new one made",
            )
        case 62 | 64:
            return (
                f"the certificate of {host} is for other names",
                "use a name of the certificate as the host in base_url",
            )
        case _:
            return (
                f"the certificate of {host} is not signed by an authority that is trusted here",
                "export SSL_CERT_FILE=/path/to/authority.pem with the certificate of the "
                "authority that signed it; a company's proxy has one of its own",
            )
