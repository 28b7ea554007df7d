"""All commands of one process: started, changed by a reload, and ended together."""

import asyncio
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exporter_kit import log
from exporter_kit.errors import UsageError
from exporter_kit.masks import Masks
from prom_run.config import Config
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.history import History, InMemory, OnDisk
from prom_run.runs.runner import Runner


class Daemon:
    """Holds a Runner per command. `read` gives the configuration, at the start and at each SIGHUP."""

    def __init__(self, read: Callable[[], Config], *, data: Path | None = None) -> None:
        self._read = read
        self._data = data
        self._config = read()
        self._masks = Masks.of(self._config.masks)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self.runners: dict[str, Runner] = {}
        self.stopping = False
        self.reload_good = True
        self.reloaded = time.time()

    async def start(self) -> None:
        """Begin to run the commands."""
        self._children = Children()
        self._children.open()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        self._apply(self._config)

    async def stop(self) -> None:
        """End every run, wait until nothing is left of them and all is on disk."""
        self.stopping = True
        for runner in self.runners.values():
            runner.stop()
        await asyncio.gather(*self._tasks.values(), *self._ending.values(), return_exceptions=True)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        self._children.close()
        self._disk.shutdown()

    def reload(self) -> None:
        """Read the configuration anew; one with a mistake changes nothing."""
        try:
            config = self._read()
            self._apply(config)
        except Exception as error:  # noqa: BLE001  # whatever it is, the commands go on and the metric tells
            self.reload_good = False
            told = isinstance(error, UsageError | OSError)
            log.get().error(
                "configuration refused, the last good one stays",
                error=str(error) if told else repr(error),
                **({} if told else {"exc_info": error}),
            )
            return
        self.reload_good, self.reloaded = True, time.time()
        log.get().info("configuration read anew", commands=len(config.commands))

    def hide(self, text: str) -> str:
        """Hide the secrets in a text, by the masks that count now."""
        return self._masks.hide(text)

    def healthy(self) -> bool:
        """Return whether every command is still looked after."""
        return not any(task.done() for task in self._tasks.values())

    def _apply(self, config: Config) -> None:
        masks = Masks.of(config.masks)
        wanted = {command.name: command for command in config.commands}
        # What can go wrong goes wrong here, before anything has changed.
        begun = [self._made(wanted[name], masks) for name in wanted if name not in self.runners]
        self._config, self._masks = config, masks
        for name in self.runners.keys() - wanted.keys():
            self._end(name)
        for name, runner in self.runners.items():
            runner.change(wanted[name], masks)
        for runner in begun:
            self._begin(runner)

    def _made(self, command: Command, masks: Masks) -> Runner:
        return Runner(
            command,
            masks,
            children=self._children,
            history=self._history(command.name),
            disk=self._disk,
        )

    def _begin(self, runner: Runner) -> None:
        name = runner.command.name
        self.runners[name] = runner
        task = asyncio.get_running_loop().create_task(_run(runner, self._ending.pop(name, None)), name=name)
        task.add_done_callback(_report)
        self._tasks[name] = task

    def _end(self, name: str) -> None:
        self.runners.pop(name).stop()
        self._ending[name] = self._tasks.pop(name)

    def _history(self, name: str) -> History:
        return OnDisk(self._data / name) if self._data else InMemory()


async def _run(runner: Runner, after: asyncio.Task[None] | None) -> None:
    """Look after a command, once the one that had its name before has ended."""
    if after:
        await asyncio.wait({after})
    await runner.run()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.get().error("a command is no longer looked after", command=task.get_name(), exc_info=error)
