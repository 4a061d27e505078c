import { addTexts } from "../../app/language";
import texts from "../../texts/plan.json";

// The plan's texts come with whatever part of it is shown, also on the client's own page.
addTexts("plan", texts);
