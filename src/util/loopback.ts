/** Whether a host, as a URL or a flag has it, is one of this machine's names and addresses for itself. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/i.test(host)
}
