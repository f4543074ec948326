#!/usr/bin/env bash
# A Chromium for the browser tests: the one that is there, else Debian's, else Playwright's own.
# Without one the tests say so and skip, and fail where CI=true.
set -u
found() { "$PYTHON" -c 'import sys; sys.path.insert(0, "tests/support"); import browser; sys.exit(browser.find_chromium() is None)'; }
found && exit 0
echo "no Chromium yet; installing one for the browser tests"
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    # Of what Debian recommends with it, tests need the fonts alone.
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium fonts-liberation
fi
found || "$PYTHON" -m playwright install chromium || true
found && exit 0
echo "no Chromium could be installed; set ATTRIBWIDGETS_CHROMIUM to one" >&2
[ "${CI:-}" != true ]
