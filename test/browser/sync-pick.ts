import type { Page } from "playwright-core";

/** Picks a song by the keyboard alone: searches for it, and takes the first that is found. */
export async function pickSong(page: Page, title: string): Promise<void> {
  await page.getByRole("button", { name: /^(Choose a|Another) song$/ }).click();
  const search = page.getByRole("searchbox");
  await search.fill(title);
  await page.getByText("1 song", { exact: true }).waitFor();
  await page.getByRole("gridcell").filter({ hasText: title }).waitFor();
  await search.press("Enter");
  await search.waitFor({ state: "detached" });
}
