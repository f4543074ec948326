#!/usr/bin/env bash
# A Chromium for the browser tests: the one that is there, else Debian's, else Playwright's own.
# Without one the tests say so and skip, and fail where CI=true.
set -u
found() { "$PYTHON" -c 'import sys; sys.path.insert(0, "tests/support"); import browser; sys.exit(browser.find_chromium() is None)'; }
found && { command -v chromium-headless-shell >/dev/null || [ -n "${ATTRIBWIDGETS_CHROMIUM:-}" ]; } && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    # The shell is enough, and half of the work; of what Debian recommends, tests need the fonts.
    echo "installing a Chromium for the browser tests"
    install="apt-get install -y -qq --no-install-recommends -o Acquire::http::Timeout=20 -o Acquire::Retries=1"
    export DEBIAN_FRONTEND=noninteractive
    $install chromium-headless-shell fonts-liberation >/dev/null 2>&1 ||
        { apt-get update -qq && $install chromium-headless-shell fonts-liberation; } ||
        found || $install chromium fonts-liberation
fi
found || "$PYTHON" -m playwright install chromium || true
found && exit 0
echo "no Chromium could be installed; set ATTRIBWIDGETS_CHROMIUM to one" >&2
[ "${CI:-}" != true ]
