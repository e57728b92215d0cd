import type { Transport } from "@connectrpc/connect";

/** mapErrors is a Transport whose calls fail with what map makes of each failure, whenever it comes. */
export function mapErrors(transport: Transport, map: (error: unknown) => unknown): Transport {
  const fail = (error: unknown): never => {
    throw map(error);
  };
  async function* messages<T>(from: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* from;
    } catch (error) {
      fail(error);
    }
  }
  return {
    unary: (...call) => transport.unary(...call).catch(fail),
    stream: async (...call) => {
      const response = await transport.stream(...call).catch(fail);
      return { ...response, message: messages(response.message) };
    },
  };
}
