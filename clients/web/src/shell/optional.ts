import { defineAsyncComponent, type Component } from "vue";

type Loader = () => Promise<unknown>;

/** A component that another part exports by its name. */
export function part(loaders: Record<string, Loader>, name: string): Component | undefined {
  const load = Object.values(loaders)[0];
  if (load === undefined) {
    return undefined;
  }
  return defineAsyncComponent(async () => ((await load()) as Record<string, Component>)[name] as Component);
}
