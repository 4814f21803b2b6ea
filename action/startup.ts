// What has to be settled before anything else is loaded.
import { config } from "zod";

// A run reads one config: compiling validators for it takes longer than it saves.
config({ jitless: true });
