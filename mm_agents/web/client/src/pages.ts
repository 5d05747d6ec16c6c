// Pages of documents as pictures, each loaded once, with the size that boxes are counted in.
import { useEffect, useState } from "preact/hooks";
import { request } from "./api";

export interface PagePicture {
  url: string;
  width: number;
  height: number;
}

const MOST = 24;
const loaded = new Map<string, Promise<PagePicture>>();

async function load(key: string): Promise<PagePicture> {
  const answer = await request(key);
  const [width = 0, height = 0] = (answer.headers.get("x-page-size") ?? "").split("x").map(Number);
  return { url: URL.createObjectURL(await answer.blob()), width, height };
}

function pagePicture(address: string, page: number): Promise<PagePicture> {
  const key = `api/${address}/page?n=${page}`;
  const known = loaded.get(key);
  if (known) return known;
  const picture = load(key);
  loaded.set(key, picture);
  picture.catch(() => loaded.delete(key));
  if (loaded.size > MOST) loaded.delete(loaded.keys().next().value!);
  return picture;
}

export function usePage(address: string | null, page: number): { picture: PagePicture | null; problem: string | null } {
  const [shown, show] = useState<{ key: string; picture: PagePicture | null; problem: string | null }>({ key: "", picture: null, problem: null });
  const key = `${address} ${page}`;
  useEffect(() => {
    let here = true;
    if (address === null) return undefined;
    pagePicture(address, page).then(
      (picture) => here && show({ key, picture, problem: null }),
      (error: unknown) => here && show({ key, picture: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      here = false;
    };
  }, [key]);
  return shown.key === key ? shown : { picture: null, problem: null };
}
