"""Lines of the Test Anything Protocol, as tests/run.sh counts them."""
import os

_count = _failures = 0
_NOTES = int(os.environ.get("NOTES", 12))  # lines about one failure


def ok(good, what, notes=()):
    """One test; notes, one thing or a list of them, say why it failed."""
    global _count, _failures
    _count += 1
    _failures += not good
    print("ok" if good else "not ok", _count, "-", what, flush=True)
    if good:
        return
    if not isinstance(notes, (list, tuple)):
        notes = [notes]
    for n in notes[:_NOTES]:
        print("#", str(n).replace("\n", " ")[:2000])


def plan():
    """The line at the end; the status of the program."""
    print("1..%d" % _count)
    return _failures > 0
