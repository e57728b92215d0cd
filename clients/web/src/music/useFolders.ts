import type { Client } from "@singoff/client";
import type { Folder } from "@singoff/client/protocol";
import { readonly, shallowReadonly, shallowRef, watch, type Ref } from "vue";

/** The folders of the songs, one level at a time. */
export interface Folders {
  /** Where one is; empty: at the top. */
  folder: Readonly<Ref<string>>;
  /** The folders directly below. */
  below: Readonly<Ref<readonly Folder[]>>;
  enter(folder: string): void;
  /** To the one above. */
  leave(): void;
  /** Asks anew. */
  again(): void;
}

/** Asks while `active` holds. A server that knows no folders has none. */
export function useFolders(lister: Pick<Client["music"], "listFolders">, active: () => boolean): Folders {
  const folder = shallowRef("");
  const below = shallowRef<readonly Folder[]>([]);
  const asked = shallowRef(0);
  watch(
    () => [active(), folder.value, asked.value] as const,
    async ([now, parent]) => {
      if (!now) {
        return;
      }
      let folders: readonly Folder[] = [];
      try {
        folders = (await lister.listFolders({ parent })).folders;
      } catch {
        // then there are none to choose from
      }
      if (folder.value === parent) {
        below.value = folders;
      }
    },
    { immediate: true },
  );
  return {
    folder: readonly(folder),
    below: shallowReadonly(below) as Readonly<Ref<readonly Folder[]>>,
    enter: (name) => (folder.value = name),
    again: () => (asked.value += 1),
    leave: () => (folder.value = folder.value.split("/").slice(0, -1).join("/")),
  };
}

/** The last part of a folder's path, by which people know it. */
export function folderName(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}
