import tseslint from 'typescript-eslint';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';

/**
 * One direction of imports, left to right: a folder may import only from its left. AGENTS.md draws the picture. Circles inside a folder
 * are found by scripts/lint-structure.mjs.
 */
const order = ['./k8s/semantics', './checks', './specs', './reports', './fixtures', './gate', './commands'];
const zones = [
  ...order.map((folder, at) => ({
    // The spec joins checks to fixtures; nothing may import it.
    target: folder === './specs' ? ['./specs/!(gate.spec).ts', './specs/*/**'] : folder,
    from: [...order.slice(at + 1), './specs/gate.spec.ts'].filter((from) => from !== folder),
    message: 'Imports point one way: see the layout in AGENTS.md.',
  })),
  {
    // Its tests import vitest.
    target: ['./reports/decide/!(*.test).ts', './reports/decide/testing/**'],
    from: ['./reports/ledger', './reports/run-folder', './reports/html', './reports/console', './node_modules'],
    message: 'The decision is a pure function over types.',
  },
  {
    target: './checks/contract',
    from: ['./checks/define-check.ts', './checks/index.ts'],
    message: 'The contract is a leaf: everything else builds on it.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.golive/', 'reports/out/', 'test-results/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.mjs', '.json'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }],
      'no-console': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'error',
    },
  },
  { files: ['**/*.{js,mjs}'], ...tseslint.configs.disableTypeChecked },
);
