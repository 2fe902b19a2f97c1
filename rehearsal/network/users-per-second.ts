/** What the rehearsal's users do together in a second. Of so many who open a session some order, use a feature or rate. */
export const USERS_PER_SECOND = { sessions: 4, orders: 8, inference: 2, compute: 1, ratings: 2 } as const;
