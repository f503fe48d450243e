/** Prints the types of a database's public schema, as `supabase gen types` does: node scripts/types.mjs URL */
import { generateTypescript, sortGeneratorMetadata } from "@supabase/postgrest-typegen/generation";
import { introspect } from "@supabase/postgrest-typegen/introspection";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.argv[2] });
const metadata = sortGeneratorMetadata(await introspect(pool, { includedSchemas: ["public"] }));
process.stdout.write(await generateTypescript(metadata, { postgrestVersion: "13" }));
await pool.end();
