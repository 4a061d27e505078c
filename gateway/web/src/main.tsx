import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { startTexts } from "./app/language";
import { queries } from "./app/queries";
import { router } from "./app/router";
import { transport } from "./app/transport";
import "./ui/base.css";
import "./ui/font.css";

startTexts();

createRoot(document.getElementById("koppi")!).render(
  <StrictMode>
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </TransportProvider>
  </StrictMode>,
);
