import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import type { Executor } from '../../src/protocol/executor.ts'
import { endingContract } from './executor/ending.ts'
import { fileContract } from './executor/files.ts'
import { inputContract } from './executor/input.ts'
import { nameContract } from './executor/names.ts'
import { outputContract } from './executor/output.ts'
import { Rig } from './executor/rig.ts'
import { startContract } from './executor/start.ts'
import { terminalContract } from './executor/terminal.ts'
import { treeContract } from './executor/trees.ts'

/** An executor of this machine, however it is reached, and how to end it. */
export interface ExecutorUnderTest extends AsyncDisposable {
  readonly executor: Executor
  /** It reads the pipes of a process in its own time, so that `sync` is no exact barrier: every stock exec-server. */
  readonly readsLate?: boolean
}

/**
 * What every executor must do, written against the interface alone. It must work on this machine: the tests look at
 * its files. What `features` says it cannot do is left out. After each test nothing that was started may run. `parts`: all
 * unless said.
 */
export function executorContract(
  name: string,
  make: () => Promise<ExecutorUnderTest>,
  parts: readonly ContractPart[] = PARTS,
): void {
  describe(`${name} as an Executor`, () => {
    let subject: ExecutorUnderTest
    let rig: Rig
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(async () => {
      await subject[Symbol.asyncDispose]()
    })
    beforeEach(async () => {
      rig = await Rig.make(subject.executor, { readsLate: subject.readsLate ?? false })
    })
    afterEach(async () => {
      await rig[Symbol.asyncDispose]()
    })
    for (const part of parts) part(() => rig)
  })
}

type ContractPart = (rig: () => Rig) => void

/** Where a way to an executor can make a difference: order, large volumes, back-pressure, what waits. */
export const TRANSPORT_PARTS: readonly ContractPart[] = [
  outputContract,
  inputContract,
  endingContract,
  fileContract,
]

const PARTS: readonly ContractPart[] = [
  ...TRANSPORT_PARTS,
  startContract,
  terminalContract,
  treeContract,
  nameContract,
]
