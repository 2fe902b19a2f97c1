import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';

/** One direction of imports (AGENTS.md draws the picture): a folder may import only what stands left of it. */
const arrows = [
  { target: './k8s/semantics', from: ['./checks', './fixtures', './specs', './reports', './commands'] },
  { target: './checks', from: ['./fixtures', './specs', './reports', './commands'] },
  { target: './fixtures', from: ['./specs/gate.spec.ts', './commands'] },
  { target: './specs', from: ['./commands'] },
  { target: './reports', from: ['./fixtures', './commands'] },
  { target: './reports/decide', from: ['./fixtures', './specs', './reports/ledger', './commands', './node_modules'] },
].map((zone) => ({ ...zone, message: 'Imports point one way: see the layout in AGENTS.md.' }));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.golive/', 'reports/out/', 'test-results/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: arrows }],
      'import-x/no-cycle': 'error',
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
