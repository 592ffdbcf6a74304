// The library face: the server as parts, for programs that put it together themselves.
export { type App, createApp } from './app/app.ts'
export type { DirectOptions } from './app/direct-options.ts'
export type { Parsed } from './app/flags.ts'
export type { GatewayOptions } from './app/gateway-options.ts'
export { type LogOptions, parseOptions, type ServeOptions } from './app/options.ts'
export { serve } from './app/serve.ts'
export type { Environment, EnvironmentList, EnvironmentSource } from './environments/environment.ts'
export type {
  Caller,
  ToolAnnotations,
  ToolCallOptions,
  ToolContent,
  ToolHost,
  ToolInfo,
  ToolResult,
} from './host/tool-host.ts'
export type { Executor, ExecutorFeatures, ExecutorInfo } from './protocol/executor.ts'
export { BridgeError, type Code } from './util/errors.ts'
export { createLogger, type Logger, type LogLevel, silentLogger } from './util/log.ts'
