// Loaded before the program, by `node --import`, with an IPC channel: answers each message with the number of timers that wait.
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
const waiting = new Set()

globalThis.setTimeout = (callback, ms, ...args) => {
  const timer = setTimeout(() => {
    waiting.delete(timer)
    callback(...args)
  }, ms)
  waiting.add(timer)
  return timer
}

globalThis.setInterval = (...args) => {
  const timer = setInterval(...args)
  waiting.add(timer)
  return timer
}

globalThis.clearTimeout = (timer) => {
  waiting.delete(timer)
  clearTimeout(timer)
}

globalThis.clearInterval = (timer) => {
  waiting.delete(timer)
  clearInterval(timer)
}

process.on('message', () => process.send(waiting.size))
// The program ends when it has nothing to do, channel or not.
process.channel.unref()
