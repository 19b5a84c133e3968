#!/bin/sh
# Runs pagents, or says how to get it. Version @VERSION@ of pagents wrote this file.
@IN_HOME@if command -v @QUOTED@ >/dev/null 2>&1; then
    exec @LAUNCH@ "$@"
fi
for command in pagents "$HOME/.local/bin/pagents"; do
    if command -v "$command" >/dev/null 2>&1; then
        exec "$command" "$@"
    fi
done
{
    echo "pagents is not installed here, or was moved."
    echo "  it was at  "@QUOTED@
    echo '  install    in a checkout, since no index has it: python3 -m pip install ".[local]"'
    echo "  then       pagents skill install --for @CLIENT@"@HOME_OPTION@
} >&2
exit 127
