/** What the codecs' Node.js side asks for (`fs`, `path`) and a browser does not have; never called there. */
export default {};
