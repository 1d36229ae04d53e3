import { LiveProvider } from "@live/client/react";
import { StrictMode } from "react";
import { App } from "./App.tsx";
import { live } from "./live.ts";

export function Page() {
  return (
    <StrictMode>
      <LiveProvider live={live}>
        <App />
      </LiveProvider>
    </StrictMode>
  );
}
