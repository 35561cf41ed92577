"""Has the alarms judged every few seconds, in a thread of its own."""

from __future__ import annotations

from twisted.internet import reactor, threads
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool

from livemon.alarms.watch import LOOK_EVERY, AlarmWatch
from livemon.log import log


def watch_alarms(watch: AlarmWatch) -> None:
    """Look from now on until the reactor stops; a look that fails is told, and another one follows."""
    pool = ThreadPool(minthreads=1, maxthreads=1, name="alarms")

    def look() -> object:
        return threads.deferToThreadPool(reactor, pool, watch.look).addErrback(
            lambda failure: log.failure("alarms cannot be judged", failure)
        )

    looking = LoopingCall(look)

    def begin() -> None:
        pool.start()
        reactor.addSystemEventTrigger("before", "shutdown", end)
        looking.start(LOOK_EVERY)

    def end() -> object:
        if looking.running:
            looking.stop()
        return threads.deferToThread(pool.stop)

    reactor.callWhenRunning(begin)
