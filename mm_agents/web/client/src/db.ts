// Conversations, kept in this browser.
import type { Talk } from "./types";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(`mm-agents${location.pathname}`, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("talks", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

let connection: Promise<IDBDatabase> | null = null;

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    connection ??= opened();
    const database = await connection;
    return await new Promise((resolve, reject) => {
      const asked = work(database.transaction("talks", mode).objectStore("talks"));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } catch {
    connection = null;
    return null; // a browser that keeps nothing: the talk lasts as long as the page
  }
}

export const readTalk = async (id: string): Promise<Talk | null> => (await run("readonly", (store) => store.get(id) as IDBRequest<Talk | undefined>)) ?? null;
export const writeTalk = (talk: Talk): Promise<unknown> => run("readwrite", (store) => store.put(talk));
export const dropTalk = (id: string): Promise<unknown> => run("readwrite", (store) => store.delete(id));
export async function listTalks(): Promise<Talk[]> {
  const all = (await run("readonly", (store) => store.getAll() as IDBRequest<Talk[]>)) ?? [];
  return all.sort((one, other) => other.at - one.at);
}
