#!/usr/bin/env node
import { main } from './cli/main.ts'

// Not awaited: what is loaded later is bundled with this file, and would wait for it. `main` never rejects.
void main(process.argv.slice(2)).then((code) => process.exit(code))
