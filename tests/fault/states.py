"""Which states a crash may leave, for each point of a journal.

Everything that a barrier covered is there. Of the rest: nothing, all, each
change alone (with the names that lead to it), each one missing, the last write
torn or full of NULs, names without data, data without names, and some random
choices. What is derived (an index) varies on its own: see `derived`.
"""
import random

from journal import (ABSENT, CREATE, FSYNC, HALF, MKDIR, NULS,
                     SYMLINK, SYNCFS, WHOLE, State, volatile)


class Choice:
    """A crash: after which operation, and what became of those that no
    barrier covered ({index: way}; ABSENT is left out)."""
    __slots__ = ("point", "label", "ways", "said")

    def __init__(self, point, label, ways, said):
        self.point, self.label, self.ways = point, label, ways
        self.said = said

    def state(self, journal):
        covered, rest = journal.changes(self.point)
        ops = covered + [o for o in rest if o.index in self.ways]
        ops.sort(key=lambda o: o.index)
        return State(journal, ops, self.ways)

    def describe(self, journal):
        return (f"crash after {journal.ops[self.point]}; of what no barrier "
                f"covered: {self.label}")


def _leading(op, rest):
    """The uncovered operations without which op could not be reached: the
    folders above, and for data a name of its file."""
    need, todo = set(), [op]
    while todo:
        o = todo.pop()
        if o.index in need:
            continue
        need.add(o.index)
        wanted = {o.parent, o.parent2} - {None}
        if not o.is_name() and o.fid is not None:
            wanted.add(o.fid)
        for r in rest:
            if r.index < o.index and r.fid in wanted and \
                    r.kind in (CREATE, MKDIR, SYMLINK) and r.flags != 1:
                todo.append(r)
    return need


def subsets(rest, dice, extra):
    """(label, ways) for the uncovered operations of one kind of state."""
    everything = {o.index: WHOLE for o in rest}
    yield "nothing", {}
    if not rest:
        return
    yield "everything", everything
    for o in rest:
        yield f"only {o}", {i: WHOLE for i in _leading(o, rest)}
    for o in rest:
        yield f"all but {o}", {i: w for i, w in everything.items()
                               if i != o.index}
    data = [o for o in rest if o.is_data()]
    if data:
        for way, word in ((HALF, "torn"), (NULS, "NUL-filled")):
            yield (f"everything, {data[-1]} {word}",
                   {**everything, data[-1].index: way})
        names = {o.index: WHOLE for o in rest if not o.is_data()}
        yield "names without data", names
        yield ("names, and data full of NULs",
               {**names, **{o.index: NULS for o in data}})
        yield "data without names", {o.index: WHOLE for o in rest
                                     if not o.is_name()}
    for n in range(extra):
        ways = {}
        for o in rest:
            way = dice.choice((ABSENT, WHOLE, WHOLE, HALF if o.is_data()
                               else WHOLE))
            if way:
                ways[o.index] = way
        yield f"random choice {n}", ways


def points(journal, step):
    """Every barrier, every step-th change, the beginning and the end."""
    last = len(journal.ops) - 1
    for o in journal.ops:
        if o.kind in (FSYNC, SYNCFS) or o.index % step == 0 or o.index == last:
            yield o.index
        elif o.index < last and journal.ops[o.index + 1].kind in (FSYNC, SYNCFS):
            yield o.index


def choices(journal, derived, step=1, extra=2, seed=1):
    """All crashes to look at. derived(path) says that a file can be made anew
    from the others: such files take every turn on their own against none and
    all of the others, and none and all of theirs against each turn of those."""
    dice = random.Random(seed)
    for p in points(journal, step):
        _, rest = journal.changes(p)
        said = journal.said(p)
        truth = [o for o in rest if not derived(o.path or "")]
        index = [o for o in rest if derived(o.path or "")]
        index_all = {o.index: WHOLE for o in index}
        for label, ways in subsets(truth, dice, extra):
            yield Choice(p, label, ways, said)
            if index:
                yield Choice(p, label + "; index written",
                             {**ways, **index_all}, said)
        truth_all = {o.index: WHOLE for o in truth}
        for label, ways in subsets(index, dice, extra) if index else ():
            yield Choice(p, "index: " + label, ways, said)
            yield Choice(p, "everything; index: " + label,
                         {**truth_all, **ways}, said)


def drawn(all_choices, count, seed):
    """So many of them by lot, and how many there are: (list, number)."""
    dice = random.Random(seed)
    some = []
    number = 0
    for c in all_choices:
        number += 1
        if len(some) < count:
            some.append(c)
        elif (place := dice.randrange(number)) < count:
            some[place] = c
    return some, number


def distinct(journal, some_choices, cache):
    """One choice for each different tree, the one with the most promises.
    Returns (choices, number seen)."""
    best = {}
    seen = 0
    for c in some_choices:
        seen += 1
        prints = c.state(journal).prints(cache, volatile)
        key = hash(tuple(sorted(prints.items())))
        if key not in best or best[key].said < c.said:
            best[key] = c
    return sorted(best.values(), key=lambda c: (c.point, c.label)), seen


