import { executorContract } from '../contract/executor.ts'
import { openOverRelay } from '../contract/over-relay.ts'
import { openOverText } from '../contract/over-text.ts'

executorContract('BridgeClient over a WebSocket with text frames', openOverText)
executorContract('BridgeClient over a WebSocket with relay frames', openOverRelay)
