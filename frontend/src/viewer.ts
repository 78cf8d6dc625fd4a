/** The entry of the reading page. */
import { mount } from './viewer/main.ts';

mount();
