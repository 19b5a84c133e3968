"""Keyring program: prints one secret of the system's keyring.

It is a program of its own, since a locked keyring may not answer for minutes, and a thread that waits
for it could not be ended. Its exit codes are known to `looking_up`.
"""

from __future__ import annotations

import sys

MISSING, NO_KEYRING, LOCKED, NO_ENTRY = 3, 4, 5, 6


def main() -> int:
    """Write the secret of `SERVICE USER` to stdout; the exit code says why there is none."""
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringLocked, NoKeyringError  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        return MISSING
    service, user = sys.argv[1:]
    try:
        value = keyring.get_password(service, user)
    except NoKeyringError:
        return NO_KEYRING
    except KeyringLocked:
        return LOCKED
    if value is None:
        return NO_ENTRY
    sys.stdout.write(value)
    return 0


if __name__ == "__main__":
    sys.exit(main())
