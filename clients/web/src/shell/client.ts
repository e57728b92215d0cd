import { Client } from "@singoff/client";
import { inject, provide, type InjectionKey } from "vue";

const key: InjectionKey<Client> = Symbol("client");

/** Gives all components below the client of the page's server. */
export function provideClient(client: Client): void {
  provide(key, client);
}

/** The client of the page's server. */
export function useClient(): Client {
  const client = inject(key);
  if (client === undefined) {
    throw new Error("useClient: no client is provided");
  }
  return client;
}
