import { describe, expect, it } from 'vitest'
import { Histogram } from '../../src/gateway/prometheus.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'

const lineOf =
  /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+(\.\d+)?(e-\d+)?|)$/

describe('GET /metrics', () => {
  it('tells connections, calls, latencies, bytes and refusals', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('secret-workspace', 'box', { era: 'noise' })
    const gone = await rig.executor('secret-workspace', 'secret-name')
    await gone.cut()
    const bridge = await rig.bridge('secret-workspace', 'box')
    const stream = bridge.resume()
    await bridge.ask(stream, 1, 'process/start')
    await bridge.ask(stream, 2, 'process/secret')
    await bridge.ask(stream, 3, 'secret/x')
    await askHttp(`${rig.url}/api/exec-gateway/connected`, { token: 'no' })
    await askHttp(`${rig.url}/secret-path`)
    const metrics = async () => (await askHttp(`${rig.url}/metrics`)).body
    await expect.poll(metrics).toContain('env_mcp_gateway_connections{kind="executor",era="relay"} 0')
    const text = await metrics()
    for (const line of text.split('\n')) expect(line).toMatch(lineOf)
    for (const line of [
      'connections{kind="executor",era="noise"} 1',
      'connections{kind="bridge"} 1',
      'connections_total{kind="executor",era="relay"} 1',
      'calls_total{family="process",outcome="ok"} 2',
      'calls_total{family="other",outcome="ok"} 1',
      'call_seconds_bucket{family="process",le="+Inf"} 2',
      'call_seconds_count{family="process"} 2',
      'messages_total{kind="message",direction="up"} 3',
      'messages_total{kind="message",direction="down"} 3',
      'bytes_total{kind="message",direction="down"} 78',
      'refusals_total{route="/api/exec-gateway/connected",status="401"} 1',
      'refusals_total{route="none",status="404"} 1',
    ])
      expect(text.split('\n')).toContain(`env_mcp_gateway_${line}`)
    expect(text).not.toContain('secret')
  })

  it('is text of the version that Prometheus wants, and /healthz says that all is well', async () => {
    await using rig = await startGatewayRig()
    const { status, headers } = await askHttp(`${rig.url}/metrics`)
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    const health = await askHttp(`${rig.url}/healthz`)
    expect([health.status, health.json()]).toEqual([200, { status: 'ok' }])
  })
})

describe('Histogram', () => {
  it('counts each value under all limits above it', () => {
    const histogram = new Histogram('h', [1, 2], 'help')
    for (const value of [1, 1.5, 9]) histogram.add({ a: 'b' }, value)
    expect(histogram.lines()).toEqual([
      '# HELP h help\n# TYPE h histogram',
      'h_bucket{a="b",le="1"} 1',
      'h_bucket{a="b",le="2"} 2',
      'h_bucket{a="b",le="+Inf"} 3',
      'h_sum{a="b"} 11.5',
      'h_count{a="b"} 3',
    ])
  })
})
