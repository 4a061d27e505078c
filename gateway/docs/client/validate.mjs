// Validates an OpenAPI document, by a validator that is not ours. usage: node validate.mjs FILE
import { Validator } from "@seriousme/openapi-schema-validator";

const { valid, errors } = await new Validator().validate(process.argv[2]);
if (!valid) {
  console.error(JSON.stringify(errors, null, 1));
  process.exit(1);
}
