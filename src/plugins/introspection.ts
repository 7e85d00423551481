import { GraphQLError, type ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Where nobody may read the schema: the same for everybody, so it may be cached with the validation. */
export function useNoIntrospection(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(refuseIntrospection);
    },
  };
}

const refuseIntrospection: ValidationRule = (context) => ({
  Field({ name: { value } }) {
    if (value !== '__schema' && value !== '__type') return;
    const error = new GraphQLError('the schema cannot be read here', {
      extensions: { code: 'INTROSPECTION_DISABLED', http: { spec: true, status: 400 } },
    });
    context.reportError(error);
  },
});
