"""Judges the alarms every few seconds, in a thread of its own."""

from __future__ import annotations

from twisted.internet import reactor, threads
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool

from livemon.alarms.watch import LOOK_EVERY, AlarmWatch
from livemon.log import log


def run_alarm_loop(watch: AlarmWatch) -> None:
    """Start judging the alarms, until the reactor stops; a failure is logged, and the next turn follows."""
    pool = ThreadPool(minthreads=1, maxthreads=1, name="alarms")

    def look() -> object:
        turn = threads.deferToThreadPool(IReactorFromThreads(reactor), pool, watch.look)
        return turn.addErrback(lambda failure: log.failure("cannot judge alarms", failure))

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
