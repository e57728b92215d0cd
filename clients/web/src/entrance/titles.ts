/** Titles of rooms that were named here and may not exist yet, by room id. */
export const titles = new Map<string, string>();
