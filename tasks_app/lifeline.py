"""Processes that end with their parent, so that `kill -9` of a parent leaves no orphan.

The kernel does it (Linux's PDEATHSIG); elsewhere these functions do nothing.
"""

import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Looked up once, here: between fork and exec there is no time to load a library.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def end_with(parent: int, signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process when `parent` dies; end now if it is dead already.

    The promise survives exec, not fork. "Dies" means the thread that forked: fork from threads that stay.
    """
    if _prctl is None:
        return
    _prctl(PR_SET_PDEATHSIG, signum)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)


def forks_end_with_me() -> None:
    """From now on everything forked by this process's main thread, and below it, is killed with its parent."""
    forker = 0

    def remember() -> None:
        nonlocal forker
        # A thread of an executor may end long before its process, and would take the child with it.
        forker = os.getpid() if threading.current_thread() is threading.main_thread() else 0

    def bind() -> None:
        if forker:
            end_with(forker, signal.SIGKILL)

    os.register_at_fork(before=remember, after_in_child=bind)
