"""Dependencies between the tasks of a list: do they hold together?"""

from __future__ import annotations

from collections.abc import Collection, Mapping


def find_cycle(edges: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """One cycle in `edges` (task → those it depends on), as `(a, b, …, a)`; empty if there is none.

    Depth-first with three colours (Cormen et al., Introduction to Algorithms, 22.3), without recursion: chains may be
    longer than Python's stack.
    """
    done: set[str] = set()
    for root in edges:
        if root in done:
            continue
        path: list[str] = [root]
        on_path = {root}
        stack = [iter(edges.get(root, ()))]
        while stack:
            for following in stack[-1]:
                if following in on_path:
                    return (*path[path.index(following) :], following)
                if following not in done and following in edges:
                    path.append(following)
                    on_path.add(following)
                    stack.append(iter(edges[following]))
                    break
            else:
                stack.pop()
                ended = path.pop()
                on_path.discard(ended)
                done.add(ended)
    return ()
