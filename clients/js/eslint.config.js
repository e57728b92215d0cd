import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/", "src/gen/"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // seq and number are bigints, and numbers are told as they are.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // An empty text stands for "none" in the protocol, so `||` is meant as it is.
      "@typescript-eslint/prefer-nullish-coalescing": "off",
      // Errors of signals and of sources are passed on as they came.
      "@typescript-eslint/only-throw-error": "off",
    },
  },
);
