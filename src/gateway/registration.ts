import type { Clock } from '../util/clock.ts'
import { isSameSecret } from '../util/same-secret.ts'
import { type Ask, checked, parseJson, readBody, readJson } from './ask.ts'
import { fieldsOf } from './fields.ts'
import type { Gate } from './gate.ts'
import { HttpError } from './http-error.ts'
import { exeIdOf } from './keys.ts'
import type { GatewayLimits } from './limits.ts'
import type { NoiseHarness } from './link.ts'
import { parsePublicKey } from './noise/identity.ts'
import { Pace } from './pace.ts'
import type { PublicUrl } from './public-url.ts'
import { NOISE_PROFILE, parseRegisterBody } from './register-body.ts'
import type { NewRegistration, Registration, Registrations } from './registrations.ts'
import type { Registry } from './registry.ts'
import type { Answer, Route } from './routes.ts'
import { joinTokenOfSigner } from './signed-join.ts'
import type { State } from './state.ts'
import type { JoinClaims } from './tokens.ts'

export interface RegistrationOptions {
  readonly state: State
  readonly gate: Gate
  readonly registry: Registry
  readonly registrations: Registrations
  readonly noise: NoiseHarness
  readonly publicUrl: PublicUrl
  readonly clock: Clock
  readonly limits: GatewayLimits
}

type Joiner = JoinClaims & { readonly token: string }

const DIRECT_TRANSPORT = 'direct_jsonrpc_v1'

/**
 * Where executors register. A stock executor ends itself at any answer but 2xx: one whose token is good gets a good answer,
 * late when there are too many, and is told at its socket what is not as it should be, where it tries again.
 */
export function registrationRoutes(options: RegistrationOptions): Route[] {
  const endpoints = new Registering(options)
  return [
    { method: 'POST', path: '/cloud/executor/:id/register', answer: (ask) => endpoints.register(ask) },
    { method: 'POST', path: '/cloud/environment/:id/register', answer: (ask) => endpoints.register(ask) },
    {
      method: 'POST',
      path: '/cloud/environment/:id/direct/register',
      answer: (ask) => endpoints.direct(ask),
    },
    { method: 'POST', path: '/cloud/environment/:id/validate', answer: (ask) => endpoints.validate(ask) },
  ]
}

class Registering {
  readonly #options: RegistrationOptions
  readonly #pace: Pace

  constructor(options: RegistrationOptions) {
    this.#options = options
    const { clock, limits } = options
    this.#pace = new Pace(clock, {
      spacingMs: limits.registerSpacingMs,
      longestMs: limits.maxRegisterDelayMs,
    })
  }

  async register(ask: Ask): Promise<Answer> {
    const { gate, limits } = this.#options
    const joiner = gate.join(ask)
    const body = await readJson(ask, limits)
    const { description = joiner.description, ...wanted } = checked(() => parseRegisterBody(body))
    return this.#admit(ask, { ...joiner, description }, wanted)
  }

  /** The join token is here a pair of AWS keys, of which only a signature travels. */
  async direct(ask: Ask): Promise<Answer> {
    const { gate, limits, state } = this.#options
    const { method = '', url = '', headers } = ask.request
    const body = await readBody(ask.request, limits)
    const token = joinTokenOfSigner(state.keys.read(), { method, url, headers, body })
    if (token === undefined)
      throw gate.failed(
        ask,
        undefined,
        'The request is not signed with a join token as AWS keys, or too long ago',
      )
    const joiner = gate.join(ask, token)
    const { transport } = checked(() => fieldsOf(parseJson(body), 'the body'))
    if (transport !== DIRECT_TRANSPORT)
      throw new HttpError(400, `The transport ${JSON.stringify(transport)} is not "${DIRECT_TRANSPORT}"`)
    return this.#admit(ask, joiner, {
      era: 'direct',
      key: undefined,
      identity: undefined,
      heedsCredit: false,
    })
  }

  /** An executor asks, in the middle of a handshake, whether the other end is us. */
  async validate(ask: Ask): Promise<Answer> {
    const { gate, limits } = this.#options
    const joiner = gate.join(ask)
    const body = await readJson(ask, limits)
    const fields = checked(() => fieldsOf(body, 'the body'))
    const registration = this.#find(joiner, String(fields.executor_registration_id))
    const given = String(fields.harness_key_authorization)
    const isUnderWay = [...(registration?.authorizations ?? [])].some((known) => isSameSecret(given, known))
    return { status: 200, json: { valid: isUnderWay && this.#isOurKey(fields.harness_public_key) } }
  }

  async #admit(
    ask: Ask,
    joiner: Joiner,
    wanted: Pick<NewRegistration, 'era' | 'key' | 'identity' | 'heedsCredit'>,
  ): Promise<Answer> {
    const { registry, registrations, limits } = this.#options
    const environmentId = ask.params.id!
    this.#checkId(joiner, environmentId)
    const { workspaceId, exeId } = registry.enter(joiner).record
    await this.#pace.wait(exeId)
    const { registration, ticket } = registrations.add({
      ...wanted,
      workspaceId,
      exeId,
      environmentId,
      joinToken: joiner.token,
    })
    // On disk before it is answered, so that a gateway that is killed then knows it; a slow disk makes it late, not refused.
    const patience = { timeoutMs: limits.maxRegisterWriteMs }
    await Promise.all([registry.written(patience), registrations.written(patience)])
    return { status: 200, json: this.#reply(ask, registration, ticket) }
  }

  /** A join token is for one executor: it may be asked for by its id or by its name. */
  #checkId({ workspaceId, name }: Joiner, id: string): void {
    const exeId = exeIdOf(this.#options.state.keys.read().idKey, workspaceId, name)
    if (id !== exeId && id !== name)
      throw new HttpError(403, `This join token is for the executor "${name}": give ${exeId} as its id`)
  }

  /** All the names under which any version looks for them. */
  #reply(ask: Ask, { id, environmentId, era }: Registration, ticket: string): object {
    return {
      id: environmentId,
      executor_id: environmentId,
      environment_id: environmentId,
      url: `${this.#options.publicUrl.ws(ask)}/executor/${ticket}`,
      executor_registration_id: id,
      registration_id: id,
      ...(era === 'noise' ? { security_profile: NOISE_PROFILE } : {}),
      ...(era === 'direct' ? { transport: DIRECT_TRANSPORT } : {}),
    }
  }

  #find({ workspaceId, name }: Joiner, id: string): Registration | undefined {
    const { registrations, state } = this.#options
    return registrations.byId(workspaceId, exeIdOf(state.keys.read().idKey, workspaceId, name), id)
  }

  #isOurKey(value: unknown): boolean {
    const ours = this.#options.noise.publicKey
    const key = parsePublicKey(value)
    return key?.x25519.equals(ours.x25519) === true && key.kem.equals(ours.kem)
  }
}
