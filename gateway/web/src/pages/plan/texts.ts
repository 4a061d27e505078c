import { addTexts } from "../../app/language";
import texts from "../../texts/plan.json";

// The plan's texts load with any part of it, also on the client's own page.
addTexts("plan", texts);
