import { executorContract, TRANSPORT_PARTS } from './executor.ts'
import { openOverText } from './over-text.ts'

// The whole contract runs in memory and through our gateway, and over this too in test/real/transports.real.test.ts.
executorContract('BridgeClient over a WebSocket with text frames', openOverText, TRANSPORT_PARTS)
