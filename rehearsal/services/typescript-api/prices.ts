/** What items cost, in cents: 5 to 50 euros, by the item. */
export const priceOf = (item: number): number => 500 + ((item * 700) % 4600);

/** How many items there are from the start; they are what users order. */
export const ITEMS = 100;
/** What an order of any of them brings on average, in euros. */
export const MEAN_PRICE =
  Array.from({ length: ITEMS }, (_, index) => priceOf(index + 1)).reduce((sum, cents) => sum + cents, 0) / ITEMS / 100;
